/** What the image takes out of Debian packages. */
export const debianPackages: readonly string[] = ['busybox-static', 'coreutils', 'dash', 'dbus-bin', 'mount', 'udev', 'util-linux'];

/** Programs, by their place in Debian's root file system, whose libraries come with them. */
export const programs: readonly string[] = [
  'bin/busybox',
  'bin/dash', // busybox's shell calls its own applets before any program on PATH
  'bin/date', // busybox's knows no %N
  'bin/findmnt',
  'bin/lsblk',
  'bin/mount', // busybox's knows no -L and -U
  'bin/mountpoint',
  'bin/udevadm',
  'bin/umount',
  'sbin/blkid',
  'sbin/findfs',
  'usr/bin/dbus-send',
  'usr/bin/flock',
];

/** Files that come as they are. */
export const plainFiles: readonly string[] = ['lib/udev/rules.d/60-persistent-storage.rules'];

/** Symbolic links: where, and what they hold. */
export const links: Readonly<Record<string, string>> = {
  'bin/sh': 'dash',
  'lib/systemd/systemd-udevd': '/bin/udevadm',
  'sbin/halt': '/usr/src/scripts/from-inside',
  'sbin/poweroff': '/usr/src/scripts/from-inside',
  'sbin/reboot': '/usr/src/scripts/from-inside',
  'sbin/shutdown': '/usr/src/scripts/from-inside',
  'var/run': '/run',
};

export const directories: readonly string[] = ['data', 'dev', 'mnt', 'proc', 'root', 'run', 'sys', 'tmp', 'usr/src/app', 'var/tmp'];

/** Commands that busybox answers to. It can't be asked at build time: it may be another machine's. */
export const applets: readonly string[] =
  `[ adjtimex arp ascii awk base64 basename bc blockdev bunzip2 bzip2 cat chgrp chmod chown chroot clear cmp cp cut dc dd
df diff dirname dmesg du echo egrep env expr fallocate false fgrep find fold free fsfreeze getopt grep gunzip gzip head hexdump
hostname hwclock id ifconfig ifup insmod ip kill killall less ln logger logname ls lsmod md5sum mkdir mkfifo mknod mktemp modinfo
modprobe more mv nc netstat nohup nproc nsenter nslookup od paste pidof ping printf ps pwd readlink realpath renice rev rm rmdir rmmod
route sed seq setsid sha1sum sha256sum sha512sum shred shuf sleep sort stat strings stty sync sysctl tac tail tar tee telnet test
time timeout top touch tr traceroute true truncate tty udhcpc uname uniq unlink unshare unzip uptime usleep vi watch wc wget which
who whoami xargs xxd yes zcat`.split(/\s+/);
