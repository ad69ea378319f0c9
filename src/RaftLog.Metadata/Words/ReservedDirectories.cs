using RaftLog.Protocol;

namespace RaftLog.Metadata;

/// <summary>The directory ids that are no directory (KIP-858). The first hundred ids are reserved.</summary>
public static class ReservedDirectories
{
    /// <summary>The broker of the replica reported no directories, so nobody tracks where the replica lies.</summary>
    public static readonly Uuid Migrating = Uuid.Zero;

    /// <summary>The broker will choose a directory and report it.</summary>
    public static readonly Uuid Unassigned = new(0, 1);

    /// <summary>The replica's directory has failed.</summary>
    public static readonly Uuid Lost = new(0, 2);

    /// <summary>True when a broker may not call a directory by this id.</summary>
    public static bool IsReserved(Uuid directory) => directory.High == 0 && directory.Low < 100;
}
