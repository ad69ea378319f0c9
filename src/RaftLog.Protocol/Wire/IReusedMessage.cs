namespace RaftLog.Protocol.Wire;

/// <summary>
/// A message whose <see cref="IMessage.Read"/> may be called again on the same instance. It then takes the lists, elements and equal
/// strings that it holds for the new content, so that messages of one form cost no memory. Nobody may keep a part of it when it is read
/// again.
/// </summary>
public interface IReusedMessage : IMessage;
