# Takes the board through wires.ts, by the drivers alone.
mkdir /root/bench
cd /root/bench
cat >wiring.json <<END
{
  "console": { "tty": "$tty" },
  "power": { "usb-hub": { "hub": "$hub", "port": 1 } },
  "medium": { "mux": { "command": { "bench": ["lever", "bench"], "board": ["lever", "board"], "side": ["lever", "side"] } }, "disk": "$disk" },
  "address": "10.0.2.2",
  "ports": { "ssh": @SSH@, "engine": @ENGINE@, "supervisor": @SUPERVISOR@ }
}
END
cat wiring.json
exec node --disable-warning=ExperimentalWarning /project/test/rack/wires.ts
