"""A store on disk against a model of what was committed, through kills, compactions and replacements."""

import copy
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from mocksrv.store import Store, TableSpec, disk, on

SPECS = [TableSpec("a", {"n": on("n", ordered=True)}), TableSpec("b", {"n": on("n")})]
TABLES = st.sampled_from("ab")
IDS = st.sampled_from("123é")
DOCS = st.fixed_dictionaries({"n": st.integers(0, 5)}, optional={"text": st.text(max_size=3)})


class DiskMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp())
        self.least, disk.LOG_AT_LEAST = disk.LOG_AT_LEAST, 200
        self.path = self.folder / "0.json"
        self.store, _, existed = Store.open(SPECS, self.path)
        assert not existed
        self.now = {"a": {}, "b": {}}
        self.meta = None
        self.commit(0)

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()
            disk.LOG_AT_LEAST = self.least
            shutil.rmtree(self.folder)

    @rule(table=TABLES, id=IDS, doc=DOCS)
    def put(self, table, id, doc):
        self.store.table(table).put(id, doc)
        self.now[table][id] = doc

    @rule(table=TABLES, id=IDS, doc=DOCS)
    def update(self, table, id, doc):
        if id in self.store[table]:
            self.store.table(table).update(id, doc)
            self.now[table][id] = self.now[table][id] | doc

    @rule(table=TABLES, id=IDS)
    def delete(self, table, id):
        if id in self.store[table]:
            self.store.table(table).delete(id)
            del self.now[table][id]

    @rule(table=TABLES, docs=st.dictionaries(IDS, DOCS))
    def fill(self, table, docs):
        self.store.table(table).truncate()
        self.store.table(table).load_many(docs.items())
        self.now[table] = dict(docs)

    @rule(table=TABLES, id=IDS, other=IDS, doc=DOCS)
    def take_back(self, table, id, other, doc):
        self.store.ledger.begin()
        self.store.table(table).put(id, doc)
        if other in self.store[table]:
            self.store.table(table).delete(other)
        self.store.ledger.undo()

    @rule(docs=st.dictionaries(IDS, DOCS))
    def replace(self, docs):
        self.store.replace(Store.load(SPECS, {"a": docs}))
        self.now = {"a": dict(docs), "b": {}}

    @rule(draws=st.integers(0, 3))
    def commit(self, draws):
        self.store.commit({"draws": draws})
        self.committed = copy.deepcopy(self.now)
        self.meta = {"draws": draws}

    @rule()
    def compact(self):
        self.commit(self.meta["draws"])
        self.store.compact()

    @rule(torn=st.binary(max_size=9).filter(lambda part: b"\n" not in part))
    def kill(self, torn):
        """Go on with copies of the files as they are now, perhaps with the beginning of a line more."""
        older, self.path = self.path, self.folder / f"{len(list(self.folder.iterdir()))}.json"
        shutil.copy(older, self.path)
        Path(f"{self.path}.log").write_bytes(Path(f"{older}.log").read_bytes() + torn)
        self.reopen()

    @rule()
    def reopen(self):
        self.store.close()
        self.store, meta, existed = Store.open(SPECS, self.path)
        assert existed
        assert meta == self.meta
        self.now = copy.deepcopy(self.committed)
        for table in self.store.each_table():
            assert list(zip(table.ids(), table.all(), strict=True)) == list(self.committed[table.name].items())
        keys = sorted((doc["n"], id) for id, doc in self.committed["a"].items())
        assert self.store.table("a").range("n") == keys


TestDisk = DiskMachine.TestCase
TestDisk.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
