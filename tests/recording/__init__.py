"""Tests of the recording half."""
