"""The schemas that operations name, each as a function that gives it: the modules beside this one make them."""

from mocksrv.described.later import later

NAMES = {
    "contact_schemas": (
        "BulkDelete ContactsByText Created Document Documents NewPerson NewPlace PersonInput PlaceChanges "
        "PlaceInput ReportInput ReportsByText Uuids"
    ),
    "server_schemas": (
        "AfricasTalkingMessage AfricasTalkingReport Compared Deployment Difference Fine HandedOut How Incoming "
        "IsGateway Key LegacySettings Locale POLL Progress Record Saved Settings SETTINGS_CHANGE SettingsChanged "
        "SetupPoll Stored Upgrade UpgradeProgress Version"
    ),
    "user_schemas": (
        "CreatedUser Deleted DocCounts EITHER_USER FAILED_ROWS Filter NEW_USERS NewUser OldUser ONE_OR_MANY Updated "
        "User UserChanges UserDocCount"
    ),
}
__getattr__ = later(__package__, NAMES)
