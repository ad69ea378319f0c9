using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata;

/// <summary>Deletes topics, by name or by id (KIP-516).</summary>
internal static class TopicDeletion
{
    public static ControllerResult<DeleteTopicsResponse> Delete(MetadataImage image, ControllerOptions options, DeleteTopicsRequest request)
    {
        List<IMetadataRecord> records = [];
        DeleteTopicsResponse response = new();
        SortedSet<Uuid> deleted = [];
        foreach (DeleteTopicsRequest.DeleteTopicState asked in Asked(request))
        {
            TopicImage? topic = Find(image, asked);
            DeleteTopicsResponse.DeletableTopicResult result = new() { Name = topic?.Name ?? asked.Name, TopicId = topic?.Id ?? asked.TopicId };
            response.Responses.Add(result);
            if (Judge(options, asked, topic, deleted) is { } refusal)
            {
                result.ErrorCode = refusal.Error;
                result.ErrorMessage = refusal.Message;
            }
            else if (topic is not null)
            {
                deleted.Add(topic.Id);
                records.Add(new RemoveTopicRecord { TopicId = topic.Id });
            }
        }

        return new(records, response);
    }

    private static IEnumerable<DeleteTopicsRequest.DeleteTopicState> Asked(DeleteTopicsRequest request) =>
        request.Topics.Concat(request.TopicNames.Select(name => new DeleteTopicsRequest.DeleteTopicState { Name = name }));

    private static TopicImage? Find(MetadataImage image, DeleteTopicsRequest.DeleteTopicState asked) => asked.Name is not null
        ? image.Topics.TryGet(asked.Name, out TopicImage? named) ? named : null
        : image.Topics.ById.GetValueOrDefault(asked.TopicId);

    private static Refusal? Judge(
        ControllerOptions options, DeleteTopicsRequest.DeleteTopicState asked, TopicImage? topic, SortedSet<Uuid> deleted)
    {
        if (!options.DeleteTopicEnabled)
        {
            return new Refusal(ErrorCode.TopicDeletionDisabled, "Topic deletion is switched off by delete.topic.enable.");
        }

        if (asked.Name is null == (asked.TopicId == Uuid.Zero))
        {
            return new Refusal(ErrorCode.InvalidRequest, "A topic is named either by its name or by its id.");
        }

        if (topic is null)
        {
            return asked.Name is null
                ? new Refusal(ErrorCode.UnknownTopicId, $"There is no topic with id {asked.TopicId}.")
                : new Refusal(ErrorCode.UnknownTopicOrPartition, $"There is no topic '{asked.Name}'.");
        }

        return deleted.Contains(topic.Id) ? new Refusal(ErrorCode.InvalidRequest, $"Topic '{topic.Name}' is named twice.") : null;
    }
}
