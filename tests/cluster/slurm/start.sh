#!/usr/bin/env bash
# Start a real Slurm (munged, slurmctld, several slurmd) on this one host, by hand: without systemd,
# cgroups, slurmdbd or GPUs. For tests only. A healthy cluster is left alone, dead daemons are
# started again, a changed configuration restarts everything.
#
# Partitions: cpu (default), frail (a node for tests to kill), gpu (fake GPUs of type a100).
#
# Settings (environment):
#   SLURM_TEST_DIR         all state is here                   [/tmp/prunescape-slurm]
#   SLURM_TEST_CPU_NODES   nodes in partition cpu                                  [2]
#   SLURM_TEST_NODE_CPUS   virtual CPUs a node, may exceed the real ones           [4]
#   SLURM_TEST_NODE_MEM    virtual memory a node, MB                            [8000]
#   SLURM_TEST_NODE_GPUS   fake GPUs of the node in partition gpu                  [2]
#   SLURM_TEST_PORT        slurmctld's port; nodes use the ones after          [16817]
set -euo pipefail
umask 022

DIR=${SLURM_TEST_DIR:-/tmp/prunescape-slurm}
CPU_NODES=${SLURM_TEST_CPU_NODES:-2}
CPUS=${SLURM_TEST_NODE_CPUS:-4}
MEM=${SLURM_TEST_NODE_MEM:-8000}
GPUS=${SLURM_TEST_NODE_GPUS:-2}
PORT=${SLURM_TEST_PORT:-16817}
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
HOST=$(hostname -s)

die() { echo "start.sh: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "must run as root (slurmd starts jobs for other users)"
case $DIR in /*) ;; *) die "SLURM_TEST_DIR must be absolute" ;; esac
[ ${#DIR} -le 80 ] || die "SLURM_TEST_DIR too long (it holds a unix socket)"

# --- packages -----------------------------------------------------------------
missing=()
for p in munged:munge slurmctld:slurmctld slurmd:slurmd sbatch:slurm-client; do
    command -v "${p%%:*}" >/dev/null || missing+=("${p##*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# --- configuration ------------------------------------------------------------
mkdir -p "$DIR"/{etc,run,log,state,spool,dev,munge}
chmod 0755 "$DIR" "$DIR"/{etc,run,log,spool,dev}
chmod 0700 "$DIR/munge" "$DIR/state"

[ -s "$DIR/munge/munge.key" ] ||
    (umask 077; dd if=/dev/urandom of="$DIR/munge/munge.key" bs=128 count=1 status=none)

conf=$(mktemp "$DIR/etc/slurm.conf.XXXXXX")
cat >"$conf" <<CONF
ClusterName=test
SlurmctldHost=$HOST(127.0.0.1)
SlurmctldPort=$PORT
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$DIR/run/munge.socket

StateSaveLocation=$DIR/state
SlurmdSpoolDir=$DIR/spool/%n
SlurmctldPidFile=$DIR/run/slurmctld.pid
SlurmdPidFile=$DIR/run/slurmd.%n.pid
SlurmctldLogFile=$DIR/log/slurmctld.log
SlurmdLogFile=$DIR/log/slurmd.%n.log

# No cgroups: follow processes by their group, bind nothing. By their parents (linuxproc), a
# Snakemake whose shell is killed first would be lost, and go on.
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
PropagateResourceLimits=NONE

# Schedule on CPUs, memory and GPUs; believe this file, not the hardware.
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerParameters=bf_interval=5
GresTypes=gpu

# Memory limits by polling, as there are no cgroups.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill

# No slurmdbd, so no sacct: clients ask squeue, which keeps finished jobs for
# MinJobAge seconds.  Each finished job also leaves a line in jobcomp.log.
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$DIR/log/jobcomp.log
MinJobAge=900

# Short timeouts, so that fault tests are quick.
SlurmdTimeout=10
KillWait=5
CompleteWait=0
ReturnToService=2
CONF
: >"$DIR/etc/gres.conf.new"
nodes=()
add_node() { # name partition-gres
    local n=$((${#nodes[@]} + 1))
    echo "NodeName=$1 NodeHostname=$HOST NodeAddr=127.0.0.1 Port=$((PORT + n)) CPUs=$CPUS RealMemory=$MEM${2:+ Gres=$2} State=UNKNOWN" >>"$conf"
    mkdir -p "$DIR/spool/$1"
    nodes+=("$1")
}
cpu_list=()
for ((i = 1; i <= CPU_NODES; i++)); do add_node "cpu$i"; cpu_list+=("cpu$i"); done
add_node frail1
add_node gpu1 "gpu:a100:$GPUS"
# Fake devices: clones of /dev/null named like GPUs. Slurm counts them, and sets
# CUDA_VISIBLE_DEVICES from the trailing digits. Where mknod is not allowed, a bare count still
# makes --gpus schedulable.
for ((g = 0; g < GPUS; g++)); do
    dev=$DIR/dev/nvidia$g
    if [ ! -c "$dev" ]; then rm -f "$dev"; mknod -m 666 "$dev" c 1 3 2>/dev/null || true; fi
    [ ! -c "$dev" ] || echo "NodeName=gpu1 Name=gpu Type=a100 File=$dev" >>"$DIR/etc/gres.conf.new"
done
[ -s "$DIR/etc/gres.conf.new" ] ||
    echo "NodeName=gpu1 Name=gpu Type=a100 Count=$GPUS" >>"$DIR/etc/gres.conf.new"
join() { local IFS=,; echo "$*"; }
limits="MaxTime=300 DefaultTime=10 DefMemPerCPU=200 State=UP"
{
    echo "PartitionName=cpu Nodes=$(join "${cpu_list[@]}") Default=YES $limits"
    echo "PartitionName=frail Nodes=frail1 $limits"
    echo "PartitionName=gpu Nodes=gpu1 $limits"
} >>"$conf"
chmod 0644 "$conf"

changed=0
cmp -s "$conf" "$DIR/etc/slurm.conf" || changed=1
cmp -s "$DIR/etc/gres.conf.new" "$DIR/etc/gres.conf" || changed=1
mv "$conf" "$DIR/etc/slurm.conf"
mv "$DIR/etc/gres.conf.new" "$DIR/etc/gres.conf"
printf '%s\n' "${nodes[@]}" >"$DIR/etc/nodes"
printf 'export SLURM_CONF=%q\n' "$DIR/etc/slurm.conf" >"$DIR/env.sh"
export SLURM_CONF=$DIR/etc/slurm.conf

# Snakemake's jobstep executor drops SLURM_CONF from the environment of the
# inner srun, so the default path must lead to the same file.
mkdir -p /etc/slurm
for f in slurm.conf gres.conf; do
    link=/etc/slurm/$f
    if [ -e "$link" ] && [ ! -L "$link" ]; then die "$link exists and is not ours"; fi
    ln -sfn "$DIR/etc/$f" "$link"
done

# --- daemons ------------------------------------------------------------------
healthy() {
    scontrol ping 2>/dev/null | grep -q 'is UP' || return 1
    [ "$(sinfo -h -N -o '%N %T' 2>/dev/null | sort -u |
        grep -Ec ' (idle|mixed|allocated|completing)$')" = "${#nodes[@]}" ]
}
# Only what is missing is started, so a dead slurmd can be brought back without
# touching running jobs.  A changed configuration restarts everything.
if [ $changed = 1 ]; then
    SLURM_TEST_DIR=$DIR "$HERE/stop.sh" >/dev/null || true
    rm -rf "${DIR:?}/state/"*
fi
alive() { # pidfile name
    local pid st
    [ -s "$1" ] && pid=$(tr -dc 0-9 <"$1") && st=$(cat "/proc/$pid/status" 2>/dev/null) &&
        [[ $st == Name:*"$2"* && $st != *$'\nState:\tZ'* ]] # pids are reused; zombies
}
alive "$DIR/run/munged.pid" munged ||
    munged --key-file="$DIR/munge/munge.key" --socket="$DIR/run/munge.socket" \
        --pid-file="$DIR/run/munged.pid" --log-file="$DIR/munge/munged.log" \
        --seed-file="$DIR/munge/munged.seed" --force
alive "$DIR/run/slurmctld.pid" slurmctld || slurmctld -i
for n in "${nodes[@]}"; do
    alive "$DIR/run/slurmd.$n.pid" slurmd || slurmd -N "$n"
done

for ((t = 0; t < 60; t++)); do
    if healthy; then sinfo; exit 0; fi
    sleep 0.5
done
sinfo -R || true
tail -n 20 "$DIR"/log/*.log >&2 || true
die "not up within 30 s; see $DIR/log"
