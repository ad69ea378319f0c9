namespace RaftLog.Broker;

/// <summary>A node cannot start as it is told to; the message says what is wrong, where, and what to do.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="inner">What was met, if anything.</param>
public sealed class NodeStartException(string message, Exception? inner = null) : Exception(message, inner);
