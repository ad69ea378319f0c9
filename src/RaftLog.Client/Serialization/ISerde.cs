namespace RaftLog.Client.Serialization;

/// <summary>Both ways of one form: what it has written it reads as the same value.</summary>
public interface ISerde<T> : ISerializer<T>, IDeserializer<T>;
