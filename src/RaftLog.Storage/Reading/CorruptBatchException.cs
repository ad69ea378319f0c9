namespace RaftLog.Storage;

/// <summary>What was asked for cannot be told: a batch that would have to be looked into is corrupt.</summary>
/// <param name="file">The segment's file.</param>
/// <param name="position">Where the batch begins in it.</param>
public sealed class CorruptBatchException(string file, long position) : Exception($"the batch at byte {position} of {file} is corrupt");
