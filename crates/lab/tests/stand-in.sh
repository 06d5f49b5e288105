#!/bin/sh
# Stands in for rebootping where the lab itself is tested: the same command line, one target, one echo, no judgement.
# usage: stand-in.sh --config FILE run|status [--json]|why LINK
place=$(sed -n 's/^run = "\(.*\)"$/\1/p' "$2")
hold=$(sed -n 's/^hold_down = "\(.*\)s"$/\1/p' "$2")
case $3 in
status)
	[ -f "$place/status" ] || exit 3
	cat "$place/status"
	exit 0
	;;
why)
	echo "$4: the stand-in knows no reasons"
	exit 0
	;;
esac

reaches() { ping -n -q -c1 -W1 -I wan1 192.0.2.1 >/dev/null 2>&1; }
tell() {
	echo "{\"links\":[{\"name\":\"wan1\",\"healthy\":$1},{\"name\":\"wan2\",\"healthy\":true}]}" >"$place/status.new"
	mv "$place/status.new" "$place/status"
}
trap 'echo "told to end"; exit 0' TERM
mkdir -p "$place"
tell true
echo "started"
while :; do
	while reaches; do sleep 0.2; done
	tell false
	shorewall disable isp1
	# Ours is no provider's route: a disabled one would leave the ping without a way.
	ip route replace 192.0.2.1 via 198.51.100.1 dev wan1
	until reaches; do sleep 0.2; done
	sleep "$hold"
	ip route delete 192.0.2.1
	shorewall enable isp1
	tell true
done
