"""The servers that are measured, each with how it is started and how its clients talk."""
