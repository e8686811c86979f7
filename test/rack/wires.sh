# Takes the board through wires.ts, by the drivers alone, as an ordinary user.
cd /home/lab
cat >wiring.json <<END
{
  "console": { "tty": "$tty" },
  "power": { "usb-hub": { "hub": "$hub", "port": 1 } },
  "medium": { "mux": { "command": { "bench": ["lever", "bench"], "board": ["lever", "board"], "side": ["lever", "side"] } }, "disk": "$disk" },
  "sticks": [
    { "mux": { "command": { "bench": ["lever", "stick1-bench"], "board": ["lever", "stick1-board"], "side": ["lever", "stick1-side"] } }, "disk": "$stick1" },
    { "mux": { "command": { "bench": ["lever", "stick2-bench"], "board": ["lever", "stick2-board"], "side": ["lever", "stick2-side"] } }, "disk": "$stick2" }
  ],
  "clock": { "address": "10.0.2.2", "port": @CLOCK@ },
  "address": "10.0.2.2",
  "ports": { "ssh": @SSH@, "engine": @ENGINE@, "supervisor": @SUPERVISOR@ }
}
END
cat wiring.json
HOME=/home/lab exec setpriv --reuid=lab --regid=lab --groups=dialout,plugdev --inh-caps=-all \
  node --disable-warning=ExperimentalWarning /project/test/rack/wires.ts
