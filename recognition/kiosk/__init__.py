"""The kiosk: a public page that clocks people in with a device's key. It only asks the API."""
