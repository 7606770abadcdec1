"""A made-up agency of British care homes: what a new world of CareHQ is filled with."""
