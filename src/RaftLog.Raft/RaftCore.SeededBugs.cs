using RaftLog.Protocol;

namespace RaftLog.Raft;

public sealed partial class RaftCore
{
    /// <summary>As if it had voted for itself and not led: it asks for votes in the epoch that it has led.</summary>
    partial void SeededBugStandsAgain(ref ElectionState stored, ref bool hasLed)
    {
        if (SeededBug.Is(6) && hasLed)
        {
            stored = stored with { Leader = NodeId.None, Voted = _replica.Config.Local };
            hasLed = false;
        }
    }
}
