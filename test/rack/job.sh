# Runs in the bench guest: finds what is plugged in, writes the bench.yaml of a person who has just wired a board, and runs suites.
set -eu
tty=$(ls /dev/serial/by-path/*)
hub=
for device in /sys/bus/usb/devices/[0-9]*-[0-9]*; do
  case $device in *:*) continue ;; esac
  read -r class <"$device/bDeviceClass"
  if [ "$class" = 09 ]; then hub=${device##*/}; fi
done
disk=$(echo "$tty" | sed 's,^/dev/serial,/dev/disk,; s,-usb-0:2:1.0-port0$,-usb-0:3:1.0-scsi-0:0:0:0,')
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
lever armed
# From memory: of a folder of the host's each page of it would be fetched anew.
cp /rack/bin/node /usr/bin/node
PATH=/usr/bin:$PATH
@COMMAND@
