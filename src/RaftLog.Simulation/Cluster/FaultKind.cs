namespace RaftLog.Simulation;

/// <summary>What can go wrong in a run.</summary>
public enum FaultKind
{
    /// <summary>A process is killed.</summary>
    Kill,

    /// <summary>A process is killed after a number of its steps, so at any await.</summary>
    KillInStep,

    /// <summary>A machine loses its power.</summary>
    PowerLoss,

    /// <summary>A majority of the machines loses its power at once.</summary>
    PowerLossOfMost,

    /// <summary>Every machine loses its power at once.</summary>
    PowerLossOfAll,

    /// <summary>A node ends in the middle of a disk operation.</summary>
    EndInOperation,

    /// <summary>A flush reports an error of the medium, and the next one success; the bytes are gone. The node must stop.</summary>
    FlushFailure,

    /// <summary>A disk is full for a while.</summary>
    DiskFull,

    /// <summary>A machine has no descriptor for another open file for a while.</summary>
    NoDescriptors,

    /// <summary>In the directories of a machine nothing can be made, renamed or removed for a while.</summary>
    UnchangeableDirectories,

    /// <summary>A disk is slow for a while.</summary>
    SlowDisk,

    /// <summary>A disk is lost for good; its node must decline to start on an empty one. Once a run at most.</summary>
    WipedDisk,

    /// <summary>
    /// A program that produces or consumes is killed, and another takes its place; one that consumes begins at the beginning.
    /// </summary>
    ClientCrash,

    /// <summary>Ways are cut, in one direction or in both.</summary>
    Cut,

    /// <summary>A node is cut off from all others, clients included or not.</summary>
    Isolation,

    /// <summary>The machines fall apart into two groups.</summary>
    Split,

    /// <summary>A node is held for a while.</summary>
    Freeze,

    /// <summary>Connections are reset.</summary>
    Reset,

    /// <summary>The ways between two machines lose and delay much for a while.</summary>
    BadLink,

    /// <summary>The wall clock of a machine jumps; its monotonic clock does not.</summary>
    ClockJump,

    /// <summary>A process is killed in the middle of a call of its network or its timers.</summary>
    KillInCall,

    /// <summary>A bit of a batch flips that was flushed long ago. No such batch may be taken for good.</summary>
    BitRot,

    /// <summary>A write lands a second time, over a batch that was flushed long ago.</summary>
    MisdirectedWrite,

    /// <summary>A sector that was flushed long ago cannot be read for a while.</summary>
    UnreadableSector,

    /// <summary>
    /// The directory of a log no longer shows whose it is while its node is away, and may hold another partition's log: its
    /// <c>partition.metadata</c> is gone.
    /// </summary>
    ForeignLog,

    /// <summary>A disk answers no flush for a while; then all of them.</summary>
    HungDisk,

    /// <summary>
    /// A node is asked to stop in order, as for an upgrade; where this mix has losses of power, its machine may lose it once the node has
    /// stopped.
    /// </summary>
    Stop,
}
