using RaftLog.Protocol;

namespace RaftLog.Storage;

internal static partial class LogReader
{
    /// <summary>As if the marker always stood in the segment of its records.</summary>
    static partial void SeededBugLooksInOneSegment(Offset from, ref LogSegment[] segments) =>
        segments = SeededBug.Is(24) ? segments[..(SegmentList.Floor(segments, from) + 1)] : segments;
}
