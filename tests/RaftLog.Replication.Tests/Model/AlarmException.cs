namespace RaftLog.Replication.Tests.Model;

/// <summary>A promise is broken in a simulated cluster.</summary>
internal sealed class AlarmException(string what) : Exception(what);
