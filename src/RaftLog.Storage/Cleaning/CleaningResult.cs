using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>What a cleaning round did.</summary>
/// <param name="From">Where the dirty part began.</param>
/// <param name="CleanedTo">Up to where the log is clean now.</param>
/// <param name="BytesBefore">The bytes of the segments that were written anew.</param>
/// <param name="BytesAfter">The bytes of what took their place.</param>
/// <param name="RecordsRead">The records that were looked at.</param>
/// <param name="RecordsKept">The records that stay.</param>
public readonly record struct CleaningResult(
    Offset From,
    Offset CleanedTo,
    long BytesBefore,
    long BytesAfter,
    long RecordsRead,
    long RecordsKept
);
