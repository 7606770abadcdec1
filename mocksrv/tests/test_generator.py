import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.generator import Generator


def draw(generator):
    return [generator.random(), generator.hex(32), generator.uuid(), generator.text("abc", 20),
            generator.randint(1, 9), generator.choice("xyz"), generator.sample(range(100), 5),
            generator.gauss(0, 1), generator.getrandbits(1000)]


@given(st.integers(0, 2**64 - 1))
def test_the_same_seed_draws_the_same(seed):
    assert draw(Generator(seed)) == draw(Generator(seed))
    assert draw(Generator(seed)) != draw(Generator(seed + 1))


@given(st.integers(0, 50), st.integers(0, 50))
def test_the_number_of_draws_is_its_whole_state(before, after):
    generator = Generator(1)
    for _ in range(before):
        generator.random()
    copy = Generator(generator.seed_text, generator.draws)
    assert [generator.hex(16) for _ in range(after)] == [copy.hex(16) for _ in range(after)]
    other = Generator(9)
    other.setstate(generator.getstate())
    assert other.hex(8) == generator.hex(8)


@given(st.integers(1, 2000))
def test_bits_fit(bits):
    assert 0 <= Generator(bits).getrandbits(bits) < 2**bits


def test_ids_look_like_ids():
    generator = Generator(1)
    for _ in range(200):
        assert len(generator.hex(24)) == 24
        assert uuid.UUID(generator.uuid()).version == 4
    with pytest.raises(IndexError):
        generator.choice([])
    spread = {generator.text("abcdefgh", 1) for _ in range(200)}
    assert spread == set("abcdefgh")
