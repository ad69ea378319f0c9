using RaftLog.Protocol;

namespace RaftLog.Simulation.Cores;

internal sealed partial class QuorumWorld
{
    static partial void SeededBugStartsEmpty(ref bool rejects) => rejects &= !SeededBug.Is(27);
}
