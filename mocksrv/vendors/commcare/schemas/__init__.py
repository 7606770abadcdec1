"""The schemas of requests and answers, for the documentation and the contract tests; answers are not made with them.

Each is imported from here as a function that gives it: an operation declares `response=CaseList`, and whoever wants the
schema calls that. So a start makes none of them, which would take a tenth of its time; a misspelt name fails at import.
"""

from mocksrv.described.later import later

NAMES = {
    "activity": (
        "ActionList DataSourceList DataSourceObject DeviceLogList EventList EventObject Feed FeedService ReportData "
        "ReportList ReportObject RowList"
    ),
    "base": (
        "Created"
    ),
    "bodies": (
        "GROUP_CHANGE LOCATION_CHANGE LOCATIONS LookupRowChange LookupTableChange NEW_GROUPS NEW_USER NewGroup "
        "NewInvitation NewLocation NewLookupRow NewLookupTable NewRegistrations OldLookupRowChange USER_CHANGE "
        "WEB_USER_CHANGE"
    ),
    "case_bodies": (
        "CASE_V2_CHANGES CASE_V2_UPSERT CaseV2BulkFetch NEW_CASES_V2"
    ),
    "people": (
        "AnalyticsRoles BulkUserList DomainList GroupList GroupObject IdentityObject Invitation Registration UserList "
        "UsernameList UserObject WebUserList WebUserObject"
    ),
    "project": (
        "ApplicationList ApplicationObject DomainCaseList DomainFormList ExportList ExportObject FixtureList "
        "FixtureObject Location2List Location2Object LocationList LocationObject LocationTypeList LocationTypeObject "
        "LookupItemList LookupItemObject LookupTableList LookupTableObject"
    ),
    "records": (
        "CaseList CaseObject CaseV2BulkFetched CaseV2List CaseV2Object CaseV2Written FormList FormObject"
    ),
    "requests": (
        "BulkUserQuery CaseQuery CaseUpload CaseV2Fields CaseV2Query EventQuery ExportQuery FixtureQuery FormQuery "
        "Location2Query LocationQuery PageQuery RowQuery SubscriptionBody TableUpload UserQuery WebUserQuery"
    ),
}
__getattr__ = later(__name__, NAMES)
