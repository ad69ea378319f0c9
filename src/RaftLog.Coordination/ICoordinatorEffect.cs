namespace RaftLog.Coordination;

/// <summary>
/// Something that a coordinator state wants done outside of it, such as markers written to other partitions. The shell does it once all
/// that was appended before is committed, and tells the outcome with a command.
/// </summary>
public interface ICoordinatorEffect;
