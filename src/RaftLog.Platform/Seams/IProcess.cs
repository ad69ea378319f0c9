namespace RaftLog.Platform;

/// <summary>The process seam: how a node stops itself when going on would be wrong.</summary>
public interface IProcess
{
    /// <summary>
    /// Ends the node at once, without a clean stop: a broken invariant or a disk that may have lost acknowledged bytes. Does not return in
    /// a real process; a simulated one drops the incarnation.
    /// </summary>
    void Halt(string reason);
}
