#!/usr/bin/env bash
# Stop exactly the daemons that start.sh started, by the process ids in
# their pid files.  Logs stay.  --purge also removes the directory and the
# links in /etc/slurm.
set -uo pipefail
DIR=${SLURM_TEST_DIR:-/tmp/prunescape-slurm}
export SLURM_CONF=$DIR/etc/slurm.conf
[ -d "$DIR/run" ] || { echo "stop.sh: nothing at $DIR"; exit 0; }

# Is PID still the daemon we think it is?  (Pids are reused; a container without
# an init process never reaps the dead.)
is_daemon() {
    local st
    st=$(cat "/proc/$1/status" 2>/dev/null) || return 1
    [[ $st == Name:*"$2"* && $st != *$'\nState:\tZ'* ]]
}
pid_of() { [ -s "$1" ] && tr -dc 0-9 <"$1"; }

# Cancel jobs first: slurmstepd outlives slurmd, and its jobs with it.
ctld=$(pid_of "$DIR/run/slurmctld.pid")
if [ -n "$ctld" ] && is_daemon "$ctld" slurmctld; then
    timeout 10 squeue -h -t PD,R,S,CG -o %A 2>/dev/null | sort -u | xargs -r timeout 10 scancel 2>/dev/null
    for _ in $(seq 20); do
        [ -z "$(timeout 5 squeue -h -t R,CG -o %A 2>/dev/null)" ] && break
        sleep 0.5
    done
fi

stop() { # name pidfile...: TERM to all, then KILL to what is left after 10 s
    local name=$1 f pid left; shift
    local pids=()
    for f; do
        pid=$(pid_of "$f") || continue
        if is_daemon "$pid" "$name"; then kill "$pid"; pids+=("$pid"); fi
    done
    for _ in $(seq 40); do
        left=0
        for pid in "${pids[@]}"; do is_daemon "$pid" "$name" && left=1; done
        [ $left = 0 ] && break
        sleep 0.25
    done
    for pid in "${pids[@]}"; do
        if is_daemon "$pid" "$name"; then kill -9 "$pid"; fi
        echo "stop.sh: $name ($pid)"
    done
    rm -f "$@"
}
shopt -s nullglob
stop slurmctld "$DIR/run/slurmctld.pid"
stop slurmd "$DIR"/run/slurmd.*.pid
stop munged "$DIR/run/munged.pid"
rm -f "$DIR/run/munge.socket" "$DIR/run/munge.socket.lock"

if [ "${1:-}" = --purge ]; then
    for f in slurm.conf gres.conf; do
        [ "$(readlink "/etc/slurm/$f" 2>/dev/null)" = "$DIR/etc/$f" ] && rm -f "/etc/slurm/$f"
    done
    rm -rf "${DIR:?}"
fi
exit 0
