"""Tests of app.webpage."""
