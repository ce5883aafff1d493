"""Value types that every part of the project speaks in. They import nothing of ours."""
