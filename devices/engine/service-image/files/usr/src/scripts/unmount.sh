#!/bin/sh
# Called by udev for each partition that is gone: unmounts what was mounted from it and removes the place.
# The device is away already, so files still open on it can't be waited for: the mount goes at once, they go when they are closed.
exec >>/usr/src/mount.log 2>&1

say() { echo "unmount.sh: $DEVNAME: $*"; }

while read -r device point rest; do
  [ "$device" = "$DEVNAME" ] || continue
  if umount -l "$point" && rmdir "$point"; then say "unmounted from $point"; else say "could not be unmounted from $point"; fi
done </proc/mounts
