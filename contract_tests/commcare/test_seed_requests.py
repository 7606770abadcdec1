"""The requests of the walkthrough on `exi-training`, byte for byte, with `requests` and no trailing slashes."""

from hashlib import sha256

import pytest
import requests

CASE = "582b7655-8ef3-4b20-be03-3a0fc222e258"
LIST = "cefeadef448137a14822362589d0cdc7895b06d48bff7f103b65afe8a6ad8427"


@pytest.mark.parametrize(("path", "size", "digest"), [
    ("user", 413, "f218d640d972bb5ba04eacd0df2338028ced0a274557f721004a1deefeb87a4b"),
    ("case", 754, LIST),
    ("case?type=milk", 754, LIST),
    (f"case/{CASE}", 653, "8aa13739e06e6f5b037073418b8b62ec5092656d543d9a654b1665ba507a0b2b"),
])
def test_answers_as_recorded(mocksrv, path, size, digest):
    key = "0123456789abcdef0123456789abcdef01234567"
    response = requests.get(f"{mocksrv.url}/a/exi-training/api/v0.5/{path}",
                            headers={"Authorization": f"apikey brudolph@dimagi.com:{key}"})
    assert [r.status_code for r in response.history] == [301]
    assert (response.status_code, len(response.content)) == (200, size)
    assert sha256(response.content).hexdigest() == digest
