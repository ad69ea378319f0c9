using RaftLog.Platform.Buffers;
using RaftLog.Protocol;

namespace RaftLog.Broker.Network;

internal sealed partial class NodeListeners
{
    static partial void SeededBugSharesMemory(ref BufferPool? small) => small = SeededBug.Is(81) ? null : small;
}
