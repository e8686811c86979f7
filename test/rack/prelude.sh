# Begins each job in the bench guest: a user of the bench, what is plugged in, and the word that the bench is up.
set -eu
echo 'lab:x:1000:1000::/home/lab:/bin/sh' >>/etc/passwd
echo 'lab:x:1000:' >>/etc/group
mkdir -p /home/lab
chown lab:lab /home/lab
cp /project/devices/drivers/60-boardwalk.rules /etc/udev/rules.d/
udevadm control --reload
udevadm trigger --action=add --subsystem-match=usb --subsystem-match=block
udevadm settle
tty=$(ls /dev/serial/by-path/*)
hub=
for device in /sys/bus/usb/devices/[0-9]*-[0-9]*; do
  case $device in *:*) continue ;; esac
  read -r class <"$device/bDeviceClass"
  if [ "$class" = 09 ]; then hub=${device##*/}; fi
done
disk=$(echo "$tty" | sed 's,^/dev/serial,/dev/disk,; s,-usb-0:2:1.0-port0$,-usb-0:3:1.0-scsi-0:0:0:0,')
stick1=$(echo "$disk" | sed 's,-usb-0:3:,-usb-0:5:,')
stick2=$(echo "$disk" | sed 's,-usb-0:3:,-usb-0:6:,')
lever armed
# From memory: of a folder of the host's each page of it would be fetched anew.
cp /rack/bin/node /usr/bin/node
PATH=/usr/bin:$PATH
