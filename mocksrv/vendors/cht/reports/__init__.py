"""Reports by id and by their words, created and updated one by one."""
