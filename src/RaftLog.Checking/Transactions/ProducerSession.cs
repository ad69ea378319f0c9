namespace RaftLog.Checking;

/// <summary>One incarnation of a transactional producer: it fences the earlier ones of its name.</summary>
/// <param name="TransactionalId">The name.</param>
/// <param name="Number">A number that no other session of the run has.</param>
/// <param name="InvokedUs">When it asked for its id, in microseconds of the run.</param>
/// <param name="CompletedUs">When it was told.</param>
public sealed record ProducerSession(string TransactionalId, int Number, long InvokedUs, long CompletedUs);
