# Which slot boots, and how often a new one may try. balenaOS's rule for U-Boot: while an update is pending each boot counts, and the old slot boots when
# the count is above 3, so on the fourth attempt. The count is written before the kernel is read: whatever happens next is an attempt.
# U-Boot found this script: devtype, devnum and distro_bootpart name its partition. setexpr counts in hexadecimal, so the count stays below 10.
setenv bootcount_limit 3
setenv resin_root_part 2
setenv upgrade_available 0
setenv bootcount 0
for file in resinOS_uEnv.txt bootcount.env extra_uEnv.txt; do
  if test -e ${devtype} ${devnum}:${distro_bootpart} ${file}; then
    load ${devtype} ${devnum}:${distro_bootpart} ${scriptaddr} ${file}
    env import -t ${scriptaddr} ${filesize} resin_root_part upgrade_available bootcount extra_os_cmdline
  fi
done
if test "${resin_root_part}" != 3; then setenv resin_root_part 2; fi
setenv slot_part ${resin_root_part}
if test "${upgrade_available}" = 1; then
  if test ${bootcount} -le ${bootcount_limit}; then
    setexpr bootcount ${bootcount} + 1
    env export -t ${scriptaddr} bootcount
    fatwrite ${devtype} ${devnum}:${distro_bootpart} ${scriptaddr} bootcount.env ${filesize}
  fi
  if test ${bootcount} -gt ${bootcount_limit}; then
    if test ${resin_root_part} = 2; then setenv slot_part 3; else setenv slot_part 2; fi
  fi
fi
if test ${slot_part} = 2; then setenv slot A; else setenv slot B; fi
echo "loader: slot ${slot}, resin_root_part=${resin_root_part} upgrade_available=${upgrade_available} bootcount=${bootcount}"

setenv bootargs "root=PARTLABEL=resin-root${slot} ro rootwait console=@CONSOLE@,115200 panic=1 systemd.show_status=1 net.ifnames=0 mitigations=off audit=0 nokaslr norandmaps init_on_alloc=0 random.trust_cpu=on random.trust_bootloader=on cryptomgr.notests rcupdate.rcu_expedited=1 lsm= ${extra_os_cmdline}"
if load ${devtype} ${devnum}:${slot_part} ${kernel_addr_r} /boot/@KERNEL@; then
  if load ${devtype} ${devnum}:${slot_part} ${ramdisk_addr_r} /boot/initrd; then
    echo "loader: starting the kernel of slot ${slot}"
    @BOOT@ ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${@DEVICE_TREE@}
  fi
fi
# Never a prompt: nobody sits at this console. With an update pending the next attempt counts on to the old slot.
# No apostrophe below: to this shell it opens a quotation within another one, too.
echo "loader: the kernel of slot ${slot} cannot be started, rebooting"
sleep 1
reset
