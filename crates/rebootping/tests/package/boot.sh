# Boots the Debian in $1 in namespaces of its own, over it a layer in $2, with the lab whose folder is $3, configuration $4 and
# network namespace $5, as the group of processes $6.
set -e
echo 0 >"$6/cgroup.procs"
exec ip netns exec "$5" unshare --cgroup --mount --pid --uts --ipc --fork --kill-child sh -ec '
    mkdir -p "$2/upper" "$2/work" "$2/root"
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
    cd "$2/root"
    rm -rf etc/shorewall etc/shorewall6
    cp -r "$4"/* etc/
    mount -t proc proc proc
    # Of the kernel that is the host'"'"'s too, only the network of this namespace may be set.
    mount --bind proc/sys proc/sys
    mount -o remount,bind,ro proc/sys
    mount --bind /proc/sys/net proc/sys/net
    mount -t sysfs -o ro sysfs sys
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    mount -t tmpfs -o mode=755 tmpfs dev
    for device in full null random tty urandom zero; do
        touch "dev/$device"
        mount --bind "/dev/$device" "dev/$device"
    done
    mkdir dev/pts dev/shm
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    mount -t tmpfs -o mode=755 tmpfs run
    mount -t tmpfs tmpfs tmp
    mkdir -p ".$3"
    mount --bind "$3" ".$3"
    hostname machine
    mkdir -p mnt
    pivot_root . mnt
    cd /
    umount -l /mnt
    exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        setpriv --bounding-set=-sys_module,-sys_rawio,-sys_time /lib/systemd/systemd --show-status=no
' sh "$1" "$2" "$3" "$4"
