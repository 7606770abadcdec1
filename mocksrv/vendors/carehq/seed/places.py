"""Fixed data of the agency: towns, and the option lists that an account keeps as groups."""

from __future__ import annotations

# town, county, postcode district, longitude, latitude
TOWNS = (
    ("Ludlow", "Shropshire", "SY8", -2.718, 52.368), ("Malvern", "Worcestershire", "WR14", -2.329, 52.112),
    ("Evesham", "Worcestershire", "WR11", -1.947, 52.092), ("Stroud", "Gloucestershire", "GL5", -2.216, 51.746),
    ("Hexham", "Northumberland", "NE46", -2.101, 54.971), ("Kendal", "Cumbria", "LA9", -2.744, 54.328),
    ("Whitby", "North Yorkshire", "YO21", -0.613, 54.486), ("Harrogate", "North Yorkshire", "HG1", -1.537, 53.991),
    ("Buxton", "Derbyshire", "SK17", -1.914, 53.259), ("Stamford", "Lincolnshire", "PE9", -0.480, 52.652),
    ("Ely", "Cambridgeshire", "CB7", 0.262, 52.399), ("Diss", "Norfolk", "IP22", 1.108, 52.376),
    ("Sudbury", "Suffolk", "CO10", 0.731, 52.039), ("Maldon", "Essex", "CM9", 0.676, 51.732),
    ("Faversham", "Kent", "ME13", 0.889, 51.315), ("Lewes", "East Sussex", "BN7", 0.009, 50.874),
    ("Dorking", "Surrey", "RH4", -0.333, 51.232), ("Romsey", "Hampshire", "SO51", -1.499, 50.989),
    ("Shaftesbury", "Dorset", "SP7", -2.198, 51.005), ("Totnes", "Devon", "TQ9", -3.688, 50.432),
    ("Truro", "Cornwall", "TR1", -5.051, 50.263), ("Brecon", "Powys", "LD3", -3.391, 51.948),
    ("Conwy", "Conwy", "LL32", -3.830, 53.281), ("Melrose", "Roxburghshire", "TD6", -2.723, 55.598),
)
# Faker's British streets have American endings.
STREETS = ("Church", "Station", "Victoria", "Mill", "Park", "Green", "Manor", "Queens", "Kings", "Albert", "Windsor",
           "York",
           "Chapel", "Bridge", "Castle", "School", "Orchard", "Grange", "Alexandra", "Abbey", "Priory", "Northgate",
           "Springfield", "Woodland")
STREET_KINDS = ("Road", "Street", "Lane", "Avenue", "Close", "Drive", "Terrace", "Gardens", "Way", "Hill")
HOUSES = ("Oak", "Willow", "Rose", "Meadow", "Orchard", "Priory", "Abbey", "Cedar", "Holly", "Beech", "Manor",
          "Lavender",
          "Hawthorn", "Elm", "Chestnut", "Bluebell", "Primrose", "Heather", "Maple", "Rowan")
KINDS = ("House", "Lodge", "Court", "Grange", "View", "Gardens")
# What a kind of home offers.
SERVICES = (
    ("residential_home", "nursing_home"),
    ("residential_home",),
    ("residential_home", "nursing_home", "specialist_care"),
    ("assisted_living", "residential_home"),
    ("nursing_home", "bariatric_care"),
    ("home_care", "live_in_care"),
    ("learning_disability_care", "residential_home"),
)
GROUPS: dict[str, tuple[str, ...]] = {
    "absence_reason": ("Hospital", "Holiday", "Family visit", "Respite elsewhere"),
    "action_tag": ("Call back", "Paperwork", "Urgent"),
    "comms_tag": ("Newsletter", "Events", "Fees"),
    "competitor": ("Larkfield Care", "Northgate Homes", "Brookvale"),
    "competitor_type": ("Care home group", "Council home", "Home care agency"),
    "complaint_subject_matter": ("Food", "Laundry", "Staffing", "Communication", "Fees"),
    "day_care_session_type": ("Morning", "Afternoon", "Full day"),
    "enquiry_close_reason": ("Chose another home", "Too expensive", "Deceased", "No longer needs care",
                             "No room available", "Duplicate"),
    "leave_reason": ("Deceased", "Moved home", "Moved to another home", "End of respite", "Hospital"),
    "location_contact_tag": ("Local authority", "NHS", "Supplier"),
    "location_group": ("North", "South", "East", "West", "Wales and Borders"),
    "sales_channel": ("Website", "Telephone", "Walk-in", "Care directory", "Search engine", "Social media",
                      "GP surgery", "Hospital", "Social worker", "Newspaper", "Recommendation", "Open day", "Leaflet",
                      "Radio"),
    "referrer_type": ("Professional", "Family", "Directory"),
    "referrer": ("Adult social care team", "Hospital discharge team", "Village charity", "Family friend",
                 "Parish nurse"),
    "room_feature": ("En suite", "Garden view", "Sea view", "Wet room", "Balcony"),
    "ledger": ("Residents' fund", "Amenity fund"),
    "ledger_expense_category": ("Hairdresser", "Chiropody", "Newspapers", "Outings"),
}
# No longer offered, but kept for records that may refer to them.
ARCHIVED = {"Newspaper", "Radio", "Newsletter", "Duplicate"}
# The system itself relies on these.
PROTECTED = {"Website", "Hospital", "Deceased"}
# Groups of the one type have a parent of the other.
CHILDREN = {"referrer": "referrer_type", "competitor": "competitor_type"}
AUTHORITIES = ("County Council Adult Services", "NHS Integrated Care Board")
FUND_TYPES = (("Savings", 90), ("Property", 180), ("Pension", 60), ("Deferred payment", 120))
TAX_RATES = (("T0", "Zero rated", 0.0), ("T1", "Standard rate", 20.0), ("T2", "Exempt", 0.0),
             ("T5", "Reduced rate", 5.0))
NOMINAL_CODES = (("4000", "Private fees"), ("4010", "Local authority fees"), ("4020", "NHS fees"),
                 ("4030", "Top-up fees"), ("4100", "Respite fees"), ("4200", "Hairdressing"), ("4210", "Chiropody"),
                 ("4300", "Sundries"))
# description, nominal code, tax code, for contributions of
ITEM_TYPES = (
    ("Private care fees", "4000", "T2", ("contribution", "lifestyle")),
    ("Local authority care fees", "4010", "T2", ("local_authority", "block_bed", "dta_spot")),
    ("NHS-funded nursing care", "4020", "T2", ("fnc", "chc", "fpc")),
    ("Third-party top-up", "4030", "T2", ("top_up",)),
    ("Hairdressing", "4200", "T1", ()),
    ("Chiropody", "4210", "T2", ()),
)
# code, name, weekly pence, funding types
RATE_TYPES = (
    ("STD", "Standard", 112_000, ("private", "local_authority_top_up")),
    ("LA", "Local authority", 84_500, ("local_authority", "block_bed", "dta_spot")),
    ("CHC", "Continuing healthcare", 138_000, ("chc", "chc_lifestyle")),
    ("RESP", "Respite", 125_000, ("private", "deferred_payment")),
)
REQUIREMENTS = ("Needs help with washing and dressing.", "Recently discharged from hospital after a fall.",
                "Looking for respite for two weeks.", "Early stages of dementia, still independent.",
                "Uses a wheelchair, needs a ground-floor room.", "Family lives near and would like a visit soon.",
                "Needs nursing care and help at meals.", "Wants to bring a small dog.")
NOTES = ("Spoke on the phone, sounded keen.", "Left a message.", "Sent the brochure by post.",
         "Asked about fees and parking.", "Will decide after talking to the family.",
         "Prefers a room with a garden view.", "Called back, no answer.")
COMPLAINTS = ("Meals were cold on two evenings.", "A cardigan was lost in the laundry.",
              "No one answered the phone on Sunday.", "The invoice named the wrong room.")
ABSENCES = ("Home for the weekend.", "Planned operation.", "Away with the family.", "Chest infection, sent by the GP.")
REMARKS = ("Settled in well.", "Daughter asked for a call.", "Prefers tea in the garden.", "New glasses have arrived.",
           "Enjoyed the music afternoon.", "GP visit booked.")
RELATIONSHIPS = {"female": ("Daughter", "Wife", "Niece", "Granddaughter", "Friend", "Solicitor"),
                 "male": ("Son", "Husband", "Nephew", "Grandson", "Friend", "Solicitor")}
