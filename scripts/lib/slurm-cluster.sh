# Sourced by scripts that need a cluster: slurm_start FOLDER runs Slurm's controller and one node on this machine, which write into FOLDER
# only, without a service manager; slurm_stop FOLDER ends them. Needs root.

slurm_start() {
    local folder=$1 host
    host=$(hostname -s)
    mkdir -p "$folder"/{state,spool,munge}
    chmod 755 "$folder" "$folder/munge"
    # The key with which commands prove who they are.
    (umask 077 && head -c 1024 /dev/urandom >"$folder/munge/key")
    munged --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" --pid-file="$folder/munge/pid" \
        --log-file="$folder/munge/log" --seed-file="$folder/munge/seed"
    cat >"$folder/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
SlurmctldPort=26817
SlurmdPort=26818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=20
SchedulerParameters=sched_interval=2,bf_interval=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
    export SLURM_CONF="$folder/slurm.conf"
    slurmctld -c
    slurmd -c
    local i
    for ((i = 0; i < 100; i++)); do
        if timeout 5 sinfo --noheader --format=%T 2>/dev/null | grep -qx idle; then return 0; fi
        sleep 0.1
    done
    echo "Slurm does not start:" >&2
    tail -n 5 "$folder"/*.log >&2
    return 1
}

slurm_stop() {
    local file
    timeout 10 scancel --user="$(id -un)" 2>/dev/null || true
    for file in "$1/slurmd.pid" "$1/slurmctld.pid" "$1/munge/pid"; do
        if [ -s "$file" ]; then kill "$(cat "$file")" 2>/dev/null || true; fi
    done
    sleep 0.5
}
