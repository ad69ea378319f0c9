using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata;

/// <summary>
/// Deletes topics, by name or by id (KIP-516). A topic that a request names more than once is not deleted by it, however it is named.
/// </summary>
internal static class TopicDeletion
{
    public static ControllerResult<DeleteTopicsResponse> Delete(MetadataImage image, ControllerOptions options, DeleteTopicsRequest request)
    {
        List<IMetadataRecord> records = [];
        DeleteTopicsResponse response = new();
        List<DeleteTopicsRequest.DeleteTopicState> asked = [.. Asked(request)];
        Repetitions<string> names = new(asked.Select(each => each.Name).OfType<string>(), StringComparer.Ordinal);
        Repetitions<Uuid> ids = new(asked.Where(each => each.Name is null).Select(each => each.TopicId));
        response.Responses.AddRange(names.All.Select(name => NamedTwice(name, Uuid.Zero)));
        response.Responses.AddRange(ids.All.Where(id => id != Uuid.Zero).Select(id => NamedTwice(null, id)));
        asked.RemoveAll(each => each.Name is { } name ? names.Contain(name) : each.TopicId != Uuid.Zero && ids.Contain(each.TopicId));

        Repetitions<Uuid> found = new(asked.Select(each => Find(image, each)?.Id ?? Uuid.Zero));
        foreach (DeleteTopicsRequest.DeleteTopicState each in asked)
        {
            TopicImage? topic = Find(image, each);
            if (topic is not null && found.Contain(topic.Id))
            {
                response.Responses.Add(NamedTwice(topic.Name, topic.Id));
                continue;
            }

            DeleteTopicsResponse.DeletableTopicResult result = new()
            {
                Name = topic?.Name ?? each.Name,
                TopicId = topic?.Id ?? each.TopicId,
            };
            response.Responses.Add(result);
            if (Judge(options, each, topic) is { } rejection)
            {
                result.ErrorCode = rejection.Error;
                result.ErrorMessage = rejection.Message;
            }
            else if (topic is not null)
            {
                records.Add(new RemoveTopicRecord { TopicId = topic.Id });
            }
        }

        return new(records, response);
    }

    private static IEnumerable<DeleteTopicsRequest.DeleteTopicState> Asked(DeleteTopicsRequest request) =>
        request.Topics.Concat(request.TopicNames.Select(name => new DeleteTopicsRequest.DeleteTopicState { Name = name }));

    private static TopicImage? Find(MetadataImage image, DeleteTopicsRequest.DeleteTopicState asked) =>
        asked.Name is not null
            ? image.Topics.TryGet(asked.Name, out TopicImage? named)
                ? named
                : null
            : image.Topics.ById.GetValueOrDefault(asked.TopicId);

    private static DeleteTopicsResponse.DeletableTopicResult NamedTwice(string? name, Uuid id) =>
        new()
        {
            Name = name,
            TopicId = id,
            ErrorCode = ErrorCode.InvalidRequest,
            ErrorMessage = ErrorText.InShort($"Topic '{name ?? id.ToString()}' is named twice."),
        };

    private static ControlError? Judge(ControllerOptions options, DeleteTopicsRequest.DeleteTopicState asked, TopicImage? topic)
    {
        if (!options.DeleteTopicEnabled)
        {
            return new ControlError(ErrorCode.TopicDeletionDisabled, "Topic deletion is switched off by delete.topic.enable.");
        }

        if (asked.Name is null == (asked.TopicId == Uuid.Zero))
        {
            return new ControlError(ErrorCode.InvalidRequest, "A topic is named either by its name or by its id.");
        }

        return topic is not null ? null
            : asked.Name is null ? new ControlError(ErrorCode.UnknownTopicId, $"There is no topic with id {asked.TopicId}.")
            : new ControlError(ErrorCode.UnknownTopicOrPartition, $"There is no topic '{asked.Name}'.");
    }
}
