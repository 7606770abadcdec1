"""A request goes no longer way through the files than was once found to do."""

from mocksrv.tests import ways

MOST = 750  # 1,575 once; it is to stay near 700


def test_a_new_user_changes_file_no_more_often_than_was_once_reached():
    found = ways.of_new_user()
    assert 300 < found.changes <= MOST, found.pairs.most_common(10)
