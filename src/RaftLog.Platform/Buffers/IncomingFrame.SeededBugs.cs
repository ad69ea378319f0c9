using RaftLog.Protocol;

namespace RaftLog.Platform.Buffers;

public sealed partial class IncomingFrame
{
    partial void SeededBugKeepsWhatIsCutShort() => _buffer = SeededBug.Is(82) ? null : _buffer;
}
