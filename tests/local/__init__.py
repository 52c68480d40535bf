"""Tests of app.local."""
