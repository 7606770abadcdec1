"""A year of reports and text messages: what community health workers sent about their patients, and got in return.

The year ends with the day before the world's present: within a day the same seed gives the same records. Documents look
as the API makes them of posted records and messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from mocksrv.clock import EPOCH
from mocksrv.vendors.cht.seed import messages
from mocksrv.vendors.cht.seed.hierarchy import Places
from mocksrv.vendors.cht.shared_libs import contacts
from mocksrv.world import World

Doc = dict[str, Any]
YEAR = 365 * messages.DAY
FEWEST, SHARE = 60, 10  # so many records, enough for all states of messages, and one more for every tenth contact
NOTES = ("Feels well", "Headache since yesterday", "Sleeps under a net", "Asked for the next visit")
CHATS = ("Is the clinic open on Saturday?", "Asante sana", "When does the vaccine come?", "I have arrived")
NOT_A_FORM = [{"code": "sys.missing_fields", "message": "Missing or invalid fields: nurse."}]


def make(world: World, places: Places, size: int) -> Iterator[Doc]:
    """Records of all kinds in turn."""
    if not places.patients or not places.workers:
        return
    maker = Maker(world, places)
    for number in range(FEWEST + size // SHARE):
        yield maker.record(number)


class Maker:
    """Makes one record after the other; what is drawn comes from the world's generator."""

    def __init__(self, world: World, places: Places) -> None:
        self.world = world
        self.places = places
        self.now = messages.today(world)
        self.sms = messages.Maker(world, self.now)
        self.kinds: tuple[Callable[[int, int, Doc, Doc], Doc], ...] = (
            self.assessment, self.visit_by_sms, self.registration, self.message_out, self.visit, self.stock,
            self.chat, self.assessment, self.off)

    def record(self, number: int) -> Doc:
        """The record of that number: most kinds come equally often, patients in turn."""
        count = len(self.places.patients)
        patient, worker = self.places.patients[number * 7919 % count]
        # Every fifth is of the last days, so that counts of the last week are never empty.
        age = self.world.random.randrange(YEAR if number % 5 else 6 * messages.DAY)
        return self.kinds[number % len(self.kinds)](number, self.now - age, patient, worker)

    # --- by the app ---

    def app_report(self, form: str, at: int, worker: Doc, fields: Doc) -> Doc:
        """A report as the web application stores it."""
        meta = {"instanceID": f"uuid:{self.world.uuid()}"}
        return {"_id": self.world.uuid(), "form": form, "type": "data_record", "content_type": "xml",
                "reported_date": at, "contact": contacts.minify(worker), "from": worker["phone"],
                "hidden_fields": ["meta"], "fields": {**fields, "meta": meta}}

    def assessment(self, number: int, at: int, patient: Doc, worker: Doc) -> Doc:
        temperature = self.world.random.randint(364, 399) / 10
        fields = {"patient_uuid": patient["_id"], "patient_id": patient["patient_id"], "patient_name": patient["name"],
                  "child": {"age_months": str(self.world.random.randint(2, 59)), "temperature": str(temperature),
                            "cough": self.pick("yes", "no")},
                  "fever": "yes" if temperature > 37.5 else "no"}
        doc = self.app_report("assessment", at, worker, fields)
        if number % 3 == 0:
            doc |= {"verified": number % 2 == 0, "verified_date": min(at + messages.DAY, self.now)}
        return doc

    def registration(self, number: int, at: int, patient: Doc, worker: Doc) -> Doc:
        weeks = self.world.random.randint(4, 30)
        fields = {"patient_id": patient["patient_id"], "patient_name": patient["name"], "lmp_known": "weeks",
                  "lmp_date": "", "lmp_weeks": str(weeks), "edd": day(at + (40 - weeks) * 7 * messages.DAY),
                  "danger_signs": self.pick("none", "fever", "bleeding")}
        doc = self.app_report("anc_registration", at, worker, fields)
        doc["tasks"] = [self.sms.task(number, at, worker, f"Thank you, {patient['name']} is registered.")]
        doc["scheduled_tasks"] = self.sms.reminders(number, at, worker, f"Please visit {patient['name']} this week.")
        return doc

    def visit(self, number: int, at: int, patient: Doc, worker: Doc) -> Doc:
        systolic = self.world.random.randint(95, 150)
        fields = {"patient_id": patient["patient_id"], "visit_date": day(at),
                  "vitals": {"weight": str(self.world.random.randint(45, 80)), "systolic": str(systolic),
                             "diastolic": str(systolic - 40)},
                  "high_pressure": "yes" if systolic >= 140 else "no", "notes": self.pick(*NOTES)}
        return self.app_report("anc_visit", at, worker, fields)

    # --- by text message ---

    def sms_report(self, at: int, worker: Doc, text: str, form: str | None, fields: Doc) -> Doc:
        """A report as the API makes it of a message that a gateway brings."""
        sms = {"type": "sms_message", "message": text} | ({"form": form} if form else {})
        sms |= {"from": worker["phone"], "gateway_ref": self.world.uuid()}
        return {"_id": self.world.hex(), "type": "data_record", "from": worker["phone"],
                **({"form": form} if form else {}), "errors": [], "tasks": [], "fields": fields, "reported_date": at,
                "sms_message": sms, "contact": contacts.minify(worker)}

    def visit_by_sms(self, number: int, at: int, patient: Doc, worker: Doc) -> Doc:
        nurse, week = worker["name"].split()[0], self.world.random.randint(1, 40)
        year = int(day(at)[:4])
        if number % 4 == 0:  # one without the required name: invalid
            doc = self.sms_report(at, worker, f"1!YYYZ!#{week}#{year}#ANC", "YYYZ",
                                  {"nurse": None, "week": week, "year": year, "visit": "ANC"})
            return doc | {"errors": NOT_A_FORM}
        doc = self.sms_report(at, worker, f"1!YYYZ!{nurse}#{week}#{year}#ANC", "YYYZ",
                              {"nurse": nurse, "week": week, "year": year, "visit": "ANC"})
        doc["tasks"] = [self.sms.task(number, at, worker, f"Thank you {nurse}, the visit is noted.")]
        return doc

    def stock(self, number: int, at: int, patient: Doc, worker: Doc) -> Doc:
        month, act, ors = int(day(at)[5:7]), self.world.random.randint(0, 60), self.world.random.randint(0, 40)
        text = f"1!STOCK!{month}##{act}#{ors}#1"
        return self.sms_report(at, worker, text, "STOCK", {
            "month": month, "counted": None, "act": act, "ors": ors, "complete": True})

    def off(self, number: int, at: int, patient: Doc, worker: Doc) -> Doc:
        reason = self.world.random.randint(1, 3)
        fields = {"patient_id": patient["patient_id"], "reason": ("Moved", "Ended", "Other")[reason - 1]}
        doc = self.sms_report(at, worker, f"1!OFF!{patient['patient_id']}#{reason}", "OFF", fields)
        doc["scheduled_tasks"] = self.sms.ended(number, at, worker, f"Please visit {patient['name']} this week.")
        return doc

    def chat(self, number: int, at: int, patient: Doc, worker: Doc) -> Doc:
        doc = self.sms_report(at, worker, self.pick(*CHATS), None, {})
        doc["tasks"] = [self.sms.task(number, at, worker, "Your message was received and will be read.")]
        return doc

    def message_out(self, number: int, at: int, patient: Doc, worker: Doc) -> Doc:
        """A message that somebody wrote in the web application."""
        task = self.sms.task(number, at, worker, self.pick("Please call the clinic.", "The meeting is on Monday."))
        task["messages"][0] |= {"from": None, "sent_by": "officer", "contact": {"_id": worker["_id"]}}
        return {"_id": self.world.hex(), "errors": [], "form": None, "from": None, "reported_date": at,
                "related_entities": {}, "tasks": [task], "kujua_message": True, "type": "data_record",
                "sent_by": "officer"}

    def pick(self, *choices: str) -> str:
        chosen: str = self.world.random.choice(choices)
        return chosen


def day(at: int) -> str:
    """The date of a moment in milliseconds, in UTC."""
    return (EPOCH + timedelta(milliseconds=at)).strftime("%Y-%m-%d")
