"""A request goes no longer way through the files than was once found to do."""

from mocksrv.tests import ways


def test_a_new_user_changes_file_seven_hundred_times_at_most():
    found = ways.of_new_user()
    assert 300 < found.changes <= 700, found.pairs.most_common(10)
