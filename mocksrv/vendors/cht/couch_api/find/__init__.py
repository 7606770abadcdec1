"""Mango: queries of documents, and the indexes behind them."""
