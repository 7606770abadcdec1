"""Lookup tables, their rows, and their upload as a workbook."""
