"""Firmware for ESP32 boards, built by ESP-IDF."""
