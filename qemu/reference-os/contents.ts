/** What the reference OS is made of, apart from the files under files/. */

export const version = '8.0.2';
/** The version of the update file, so that an update can be told from the flash image. */
export const updateVersion = '8.0.3';

export const packages = [
  'busybox-static',
  'ca-certificates',
  'chrony',
  'crun',
  'curl',
  'dbus',
  'docker.io',
  'dosfstools',
  'e2fsprogs',
  'hostname',
  'iproute2',
  'iptables',
  'jq',
  'kmod',
  'libstdc++6', // Node's
  'login',
  'nftables',
  'openssh-server',
  'procps',
  'systemd',
  'systemd-sysv',
  'udev',
  'util-linux',
];

/** Kernel modules of the running OS on any board, by name; what they depend on comes with them. */
export const kernelModules = (
  'virtio_pci virtio_blk virtio_net virtio_console virtio_rng virtio_scsi virtio_balloon ata_piix ahci nvme sd_mod sr_mod e1000 e1000e ' +
  'ext4 crc32c_generic vfat exfat fuse squashfs loop overlay autofs4 nls_cp437 nls_ascii nls_iso8859-1 nls_utf8 ' +
  'xhci-pci ehci-pci usb-storage uas usbhid hid-generic cdc-acm usbserial ftdi_sio cp210x pl2303 ch341 ' +
  'bridge br_netfilter veth dummy tun macvlan ipvlan nf_tables nft_compat nft_chain_nat nft_masq nft_ct nft_reject nft_reject_inet nft_reject_ipv4 ' +
  'ip_tables iptable_nat iptable_filter iptable_mangle ip6_tables ip6table_nat ip6table_filter ipt_REJECT ip6t_REJECT xt_MASQUERADE xt_addrtype xt_conntrack ' +
  'xt_nat xt_tcpudp xt_mark xt_comment xt_multiport xt_owner xt_set nf_conntrack_netlink xfrm_user softdog evdev'
).split(' ');

/** Kernel modules that files/initramfs/init may load on any board. */
export const initramfsModules = 'crc32c_generic ext4 vfat nls_cp437 nls_ascii virtio_pci virtio_blk virtio_net'.split(' ');

/**
 * Taken out of the tree, relative to its root: what only building, packaging or people at a desk need. A last part `*` takes a directory's content.
 * @param triplet Debian's name of the directory of the libraries
 */
export const removedPaths = (triplet: string): string[] => [
  'dev/*',
  'etc/alternatives/README',
  'etc/apt',
  'etc/cron.d',
  'etc/cron.daily',
  'etc/default/grub.d',
  'etc/init.d',
  'etc/kernel',
  'etc/machine-id',
  'etc/motd',
  'etc/rc0.d',
  'etc/rc1.d',
  'etc/rc2.d',
  'etc/rc3.d',
  'etc/rc4.d',
  'etc/rc5.d',
  'etc/rc6.d',
  'etc/rcS.d',
  'etc/resolv.conf',
  'etc/systemd/system',
  'etc/udev/hwdb.bin',
  'usr/bin/containerd-shim',
  'usr/bin/containerd-shim-runc-v1',
  'usr/bin/containerd-stress',
  'usr/bin/ctr',
  'usr/bin/dnet',
  'usr/bin/perl',
  'usr/bin/perl5.36.0',
  `usr/bin/perl5.36-${triplet}`,
  'usr/lib/apt',
  'usr/lib/dpkg',
  'usr/lib/systemd/catalog',
  'usr/lib/systemd/system-generators/*',
  'usr/lib/systemd/system/chrony.service',
  'usr/lib/systemd/system/chrony-dnssrv@.service',
  'usr/lib/systemd/system/chrony-dnssrv@.timer',
  'usr/lib/systemd/system/chrony-wait.service',
  'usr/lib/systemd/system/docker.service',
  'usr/lib/systemd/system/docker.socket',
  'usr/lib/systemd/system/ssh.service',
  'usr/lib/systemd/system/ssh.socket',
  'usr/lib/systemd/system/ssh@.service',
  'usr/lib/systemd/system/rescue-ssh.target',
  'usr/lib/tmpfiles.d',
  'usr/lib/udev/hwdb.bin',
  'usr/lib/udev/hwdb.d',
  `usr/lib/${triplet}/gconv`,
  `usr/lib/${triplet}/perl`,
  `usr/lib/${triplet}/perl-base`,
  `usr/lib/${triplet}/perl5`,
  'usr/sbin/ovrouter',
  'usr/share/bash-completion',
  'usr/share/bug',
  'usr/share/debconf',
  'usr/share/doc',
  'usr/share/doc-base',
  'usr/share/docker.io',
  'usr/share/fish',
  'usr/share/info',
  'usr/share/lintian',
  'usr/share/locale',
  'usr/share/man',
  'usr/share/nano',
  'usr/share/perl',
  'usr/share/perl5',
  'usr/share/vim',
  'usr/share/zsh',
  'var/backups',
  'var/lib/apt',
  'var/lib/dpkg',
];

/** udev rules that only cost time: hardware which no device of this type has, and a script for the clock that ends at once under systemd. */
export const removedUdevRules =
  /^(60-(autosuspend|cdrom|drm|evdev|fido|infiniband|persistent-alsa|persistent-storage-tape|persistent-v4l|sensor|tpm)|64-btrfs|70-(camera|joystick|memory|mouse|touchpad|uaccess)|71-seat|73-seat|75-probe_mtd|78-sound|80-debian-compat|81-net-dhcp|85-hwclock|90-iocost|95-dm|96-e2scrub)/u;

/** Directories that must be there to be mounted on; the root file system is read-only. */
export const mountPoints = ['mnt/boot', 'mnt/data', 'mnt/state', 'mnt/sysroot/active', 'mnt/sysroot/inactive', 'var/volatile'];

/** Symbolic links of the tree: path → target. */
export const links: Record<string, string> = {
  // balenaOS boots /current/boot/init of a slot, where `current` names the active hostapp. Here the slot is the hostapp.
  current: '.',
  'boot/init': '../sbin/init',
  // Each call of the nf_tables flavour takes 0.1 s of an emulated CPU, of this one 0.06 s, and the engine's start makes 115 of them.
  'etc/alternatives/iptables': '/usr/sbin/iptables-legacy',
  'etc/alternatives/iptables-restore': '/usr/sbin/iptables-legacy-restore',
  'etc/alternatives/iptables-save': '/usr/sbin/iptables-legacy-save',
  'etc/alternatives/ip6tables': '/usr/sbin/ip6tables-legacy',
  'etc/alternatives/ip6tables-restore': '/usr/sbin/ip6tables-legacy-restore',
  'etc/alternatives/ip6tables-save': '/usr/sbin/ip6tables-legacy-save',
  'etc/resolv.conf': '/run/resolv.conf',
  'etc/ssh/hostkeys': '/mnt/state/root-overlay/etc/ssh/hostkeys',
  'etc/systemd/system/default.target': '/usr/lib/systemd/system/multi-user.target',
  'usr/bin/balena': 'docker',
  'usr/bin/balena-engine': 'docker',
  'var/cache': 'volatile/cache',
  'var/lib/chrony': '../volatile/lib/chrony',
  'var/lib/dbus/machine-id': '/etc/machine-id',
  'var/lib/systemd': '../volatile/lib/systemd',
  'var/log': 'volatile/log',
  'var/tmp': 'volatile/tmp',
};

/** Units of Debian's systemd that have no work on a read-only root with an initramfs that mounts, or that only cost boot time. */
export const maskedUnits = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'cryptsetup.target',
  'dev-hugepages.mount',
  'dev-mqueue.mount',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'getty.target',
  'getty@tty1.service',
  'integritysetup.target',
  'kmod-static-nodes.service',
  'ldconfig.service',
  'modprobe@configfs.service',
  'modprobe@dm_mod.service',
  'modprobe@drm.service',
  'modprobe@efi_pstore.service',
  'modprobe@fuse.service',
  'modprobe@loop.service',
  'proc-sys-fs-binfmt_misc.automount',
  'remote-fs.target',
  'sys-fs-fuse-connections.mount',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'systemd-ask-password-console.path',
  'systemd-ask-password-wall.path',
  'systemd-binfmt.service',
  'systemd-boot-system-token.service',
  'systemd-firstboot.service',
  'systemd-fsck-root.service',
  'systemd-hwdb-update.service',
  'systemd-initctl.socket',
  'systemd-journal-catalog-update.service',
  'systemd-journal-flush.service',
  'systemd-machine-id-commit.service',
  'systemd-modules-load.service',
  'systemd-network-generator.service',
  'systemd-pcrphase-initrd.service',
  'systemd-pcrphase-sysinit.service',
  'systemd-pcrphase.service',
  'systemd-pstore.service',
  'systemd-random-seed.service',
  'systemd-remount-fs.service',
  'systemd-repart.service',
  'systemd-rfkill.socket',
  'systemd-sysext.service',
  'systemd-sysusers.service',
  'systemd-tmpfiles-clean.timer',
  'systemd-tmpfiles-setup-dev.service',
  'systemd-tmpfiles-setup.service',
  'systemd-udev-settle.service',
  'systemd-update-done.service',
  'systemd-update-utmp-runlevel.service',
  'systemd-update-utmp.service',
  'systemd-user-sessions.service',
  'veritysetup.target',
];
