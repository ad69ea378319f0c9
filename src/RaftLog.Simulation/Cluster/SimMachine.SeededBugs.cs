using RaftLog.Protocol;

namespace RaftLog.Simulation;

public sealed partial class SimMachine
{
    /// <summary>Whoever starts a node over an empty disk formats it, as if the node had never voted.</summary>
    static partial void SeededBugFormatsAnew(ref bool isNew) => isNew |= SeededBug.Is(27);
}
