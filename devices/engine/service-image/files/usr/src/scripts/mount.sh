#!/bin/sh
# Called by udev for each partition that appears: mounts those on USB at /mnt/storage-<bus>-<label>-<uuid>, the place that
# balena's own example of automounting uses. Without a label: /mnt/storage-<bus>-<uuid>; without both: /mnt/storage-<bus>-<name>.
# Two sticks with the same label and uuid: the second place ends in -<name>. What happened goes to /usr/src/mount.log.
exec >>/usr/src/mount.log 2>&1

say() { echo "mount.sh: $DEVNAME: $*"; }

[ "$ID_BUS" = usb ] || exit 0
if [ -z "$ID_FS_TYPE" ]; then
  say "no file system on it"
  exit 0
fi

name=${DEVNAME##*/}
place=/mnt/storage-$ID_BUS-$(printf '%s' "${ID_FS_LABEL:+$ID_FS_LABEL-}${ID_FS_UUID:-$name}" | tr / _)

# What is mounted where: the first two words of each line, blanks as \040.
while read -r device point rest; do
  if [ "$device" = "$DEVNAME" ]; then
    say "is already mounted at $point"
    exit 0
  fi
  if [ "$point" = "$place" ]; then place=$place-$name; fi
done </proc/mounts

mkdir -p "$place"
if mount -t "$ID_FS_TYPE" -o rw,sync "$DEVNAME" "$place"; then
  say "$ID_FS_TYPE mounted at $place"
else
  status=$?
  rmdir "$place"
  # Asked after the attempt: the kernel loads a file system's module for it.
  if grep -qw "$ID_FS_TYPE" /proc/filesystems; then
    say "$ID_FS_TYPE could not be mounted at $place"
  else
    say "the kernel doesn't know the file system $ID_FS_TYPE"
  fi
  exit $status
fi
